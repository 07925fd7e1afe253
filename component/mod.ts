/**
 * The server side, for a program that runs the component within itself.
 *
 * @module twotick/component
 */
export { App, type AppOptions } from "./app.js";
export { checkConfig, loadConfig, parseConfig, type Config } from "./config.js";
export { createLog, type Log } from "./log.js";
