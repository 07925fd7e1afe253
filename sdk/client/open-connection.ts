import type { Clock } from "../../src/clock.js";
import { NS } from "../../src/namespaces.js";
import { Connection } from "../connection/connection.js";
import type { Account } from "./account.js";
import { describeDevice } from "./caps.js";
import type { ConnectionPort } from "./mailbox-service.js";
import type { ClientOptions } from "./options.js";

/** The connection of an account, not started, which says what this device can do. @throws {InvalidInput} */
export function openConnection(
  {
    connection,
    openConnection: open,
    service,
  }: Pick<ClientOptions, "connection" | "openConnection" | "service">,
  { domain, username, password }: Account,
  clock: Clock,
  random: () => number,
): ConnectionPort {
  const options = { ...connection, service, domain, username, password, clock, random };
  const opened = open?.(options) ?? new Connection(options);
  opened.handle("get", NS.discoInfo, "query", describeDevice);
  return opened;
}
