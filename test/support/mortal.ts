export { MORTAL } from "../../sdk/testing/world/mortal.js";
