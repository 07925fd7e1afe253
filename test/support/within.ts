export { within } from "../../sdk/testing/world/within.js";
