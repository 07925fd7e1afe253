import fc from "fast-check";
import { after, command, fate, one, pick, type Command } from "./command.js";
import { NUMBERS } from "./plot.js";

const register = command(fc.record({ who: pick, fate }), {
  tell: ({ who, fate: when }) => `${one(NUMBERS, who)} gets a new account${after(when)}`,
  async happen(plot, real, { who, fate: when }) {
    const number = one(NUMBERS, who);
    const deviceId = plot.newDeviceId();
    if (when !== "before the commit") plot.register(number, deviceId);
    const died = await real.survive(when && { operation: "accounts create", when }, () =>
      real.register(number, deviceId),
    );
    if (died) plot.crash();
  },
});

const unlink = command(fc.record({ who: pick, fate }), {
  tell: ({ who, fate: when }) => `${one(NUMBERS, who)} is given up${after(when)}`,
  can: (plot, { who }) => plot.accounts.has(one(NUMBERS, who)),
  async happen(plot, real, { who, fate: when }) {
    const number = one(NUMBERS, who);
    if (when !== "before the commit") plot.unlink(number);
    const died = await real.survive(when && { operation: "accounts unlink", when }, () =>
      real.unlink(number),
    );
    if (died) plot.crash();
  },
});

const addDevice = command(fc.record({ who: pick }), {
  tell: ({ who }) => `${one(NUMBERS, who)} gets another device`,
  can: (plot, { who }) => (plot.accounts.get(one(NUMBERS, who))?.devices.length ?? 9) < 3,
  async happen(plot, real, { who }) {
    const number = one(NUMBERS, who);
    const account = plot.accounts.get(number);
    const deviceId = plot.newDeviceId();
    if (account) plot.addDevice(account, deviceId);
    await real.addDevice(number, deviceId);
  },
});

const removeDevice = command(fc.record({ who: pick }), {
  tell: ({ who }) => `device ${who} is removed`,
  can: (plot) => plot.bound.length > 0,
  async happen(plot, real, { who }) {
    const device = one(plot.bound, who);
    plot.removeDevice(device);
    await real.removeDevice(device.account.number, device.deviceId as number);
  },
});

// The last of the numbers never belongs to anybody, and can be blocked all the same
const block = command(fc.record({ who: pick, whom: pick, isBlocked: fc.boolean(), fate }), {
  tell: ({ who, whom, isBlocked, fate: when }) =>
    `${one(NUMBERS, who)} ${isBlocked ? "blocks" : "unblocks"} ${one(NUMBERS, whom)}${after(when)}`,
  can: (plot, { who }) => plot.accounts.has(one(NUMBERS, who)),
  async happen(plot, real, { who, whom, isBlocked, fate: when }) {
    const [number, other] = [one(NUMBERS, who), one(NUMBERS, whom)];
    const blocked = plot.accounts.get(number)?.blocked;
    if (when !== "before the commit") blocked?.[isBlocked ? "add" : "delete"](other);
    const died = await real.survive(when && { operation: "contacts block", when }, () =>
      real.block(number, other, isBlocked),
    );
    if (died) plot.crash();
  },
});

const erase = command(fc.record({ who: pick, isAtOnce: fc.boolean() }), {
  tell: ({ who, isAtOnce }) =>
    `everything about ${one(NUMBERS, who)} is deleted${isAtOnce ? ", also what waits for others" : ""}`,
  async happen(plot, real, { who, isAtOnce }) {
    plot.erase(one(NUMBERS, who), isAtOnce);
    await real.erase(one(NUMBERS, who), isAtOnce);
  },
});

/** What happens to accounts, devices and blocks. */
export const ACCOUNT_COMMANDS: fc.Arbitrary<Command>[] = [
  register,
  unlink,
  addDevice,
  removeDevice,
  ...Array.from({ length: 2 }, () => block),
  erase,
];
