export { type Direction, TcpProxy } from "../../sdk/testing/world/tcp-proxy.js";
