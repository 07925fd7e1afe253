import type { Clock } from "../../src/clock.js";

/** What is watched, and how to make it speak. */
export interface KeepaliveTarget {
  /** Rises whenever something arrives. */
  receivedBytes(): number;
  /** Whether reading is paused, so that silence says nothing about the peer. */
  isPaused(): boolean;
  /** Sends something that the peer answers. */
  probe(): void;
  /** The peer stayed silent. */
  onDead(): void;
}

/** How long to wait. */
export interface KeepaliveSettings {
  readonly clock: Clock;
  readonly keepaliveMs: number;
  readonly keepaliveTimeoutMs: number;
}

/** Watches a connection; answers what ends the watch. A busy connection is never probed. Source: XEP-0199 §4.2. */
export function keepAlive(settings: KeepaliveSettings, target: KeepaliveTarget): () => void {
  let cancel = (): void => {};
  let seen = target.receivedBytes();
  const rest = (): void => {
    seen = target.receivedBytes();
    cancel = settings.clock.after(settings.keepaliveMs, check);
  };
  const check = (): void => {
    if (target.receivedBytes() !== seen || target.isPaused()) return rest();
    cancel = settings.clock.after(settings.keepaliveTimeoutMs, judge);
    target.probe();
  };
  const judge = (): void => {
    if (target.receivedBytes() !== seen || target.isPaused()) rest();
    else target.onDead();
  };
  rest();
  return () => cancel();
}
