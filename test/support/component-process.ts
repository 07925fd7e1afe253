export { ComponentProcess } from "../../sdk/testing/world/component-process.js";
