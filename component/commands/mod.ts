import type { Clock } from "../../src/clock.js";
import { NS } from "../../src/namespaces.js";
import type { AdHocCommand, Capability } from "../capability.js";
import { CommandResponder } from "./handler.js";
import { CommandSessions } from "./service.js";

/** The responder to ad-hoc commands as a capability, with what service discovery asks it. */
export interface Commands extends Capability {
  /** Lists and describes the commands for disco#items and disco#info. */
  readonly responder: CommandResponder;
}

/**
 * Makes the capability that runs everybody's commands.
 *
 * @param commands all capabilities' commands, asked at each request
 */
export function createCommands(clock: Clock, commands: () => readonly AdHocCommand[]): Commands {
  const responder = new CommandResponder(commands, new CommandSessions(clock));
  return {
    responder,
    features: { component: [NS.commands, NS.dataForms] },
    iqs: [
      {
        type: "set",
        element: "command",
        namespace: NS.commands,
        addressee: "component",
        handle: (request) => responder.handle(request),
      },
    ],
  };
}
