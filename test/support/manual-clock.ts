export { ManualClock } from "../../sdk/testing/manual-clock.js";
