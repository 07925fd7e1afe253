import { expect } from "chai";
import { KEEP_DAYS } from "./component.js";
import { Model } from "./model.js";
import type { Device } from "./things.js";
import type { Real } from "./real.js";
import { compare } from "./compare.js";

export const DAY_MS = 86_400_000;
/** The last one never belongs to anybody. */
export const NUMBERS = ["+15551230001", "+15551230002", "+15551230003"] as const;

/** Something that somebody asked for, accepted or not. */
export interface Asked {
  readonly account: number;
  readonly id: string;
  readonly to: string;
  readonly text: string;
}

/** The model, with what its people remember. */
export class Plot extends Model {
  readonly asked: Asked[] = [];
  /** Texts in the order in which they were accepted. */
  readonly accepted: string[] = [];
  /** What each device has shown, by row. */
  readonly #shown = new Map<number, string[]>();
  #ids = 0;
  #devices = 0;

  newDeviceId(): number {
    return ++this.#devices;
  }

  ask(device: Device, to: string): Asked {
    const id = `m${++this.#ids}`;
    const asked = { account: device.account.row, id, to, text: `${device.row} says ${id}` };
    this.asked.push(asked);
    return asked;
  }

  /** Devices that are attached. */
  get attached(): Device[] {
    return this.bound.filter(({ session }) => session);
  }

  /** Devices that somebody has. */
  get bound(): Device[] {
    return this.devices.filter(({ deviceId }) => deviceId !== undefined);
  }

  /** A device shows what it has made durable: nothing twice, nothing that was not accepted, all in order. */
  show({ row }: Device, texts: readonly string[]): void {
    const shown = this.#shown.get(row) ?? [];
    this.#shown.set(row, shown);
    for (const text of texts) {
      expect(shown, "what was shown already").not.to.include(text);
      expect(this.accepted, "what was accepted").to.include(text);
      shown.push(text);
      const [speaker] = text.split(" says ");
      const line = shown
        .filter((one) => one.startsWith(`${speaker} says `))
        .map((one) => this.accepted.indexOf(one));
      expect(line, "the order in which it was accepted").to.deep.equal([...line].sort((a, b) => a - b));
    }
  }

  /** What is scheduled runs. */
  runJobs(): void {
    const before = this.now - KEEP_DAYS * DAY_MS;
    this.expire(before, before - DAY_MS);
    this.goOnErasing();
  }

  /** The process died and is there again. */
  crash(): void {
    this.restart();
    this.runJobs();
  }
}

/** In the end everybody comes and takes what waits: then everything that was accepted has ended. */
export async function finish(plot: Plot, real: Real): Promise<void> {
  for (let round = 0; plot.bound.some(({ entries }) => entries.length > 0) && round < 100; round += 1) {
    for (const device of plot.bound) {
      const outside = real.device(device.deviceId as number);
      if (!device.session) {
        plot.attach(device, outside.last);
        await real.attach(outside);
        await real.calm();
      }
      const seq = outside.received.at(-1)?.seq ?? outside.last;
      plot.acknowledge(device, seq);
      outside.last = Math.max(outside.last, seq);
      await real.acknowledge(outside, seq, []);
      await real.calm();
      compare(plot, real);
    }
  }
  const rows = new Set(plot.devices.map(({ row }) => row));
  for (const { id, states } of plot.messages)
    for (const [row, state] of states)
      if (rows.has(row) && plot.bound.some((device) => device.row === row))
        expect(state, `${id} at device ${row}`).not.to.equal("accepted");
}
