export { until } from "../../sdk/testing/world/until.js";
