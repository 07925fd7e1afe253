import { encodeSubmit } from "../src/frame-submit.js";
import type { MessageId } from "../src/ids.js";
import type { RawDevice } from "../test/support/raw-device.js";

/** A message with its payload encoded for a frame already. */
export interface ReadyMessage {
  readonly id: MessageId;
  readonly to: string;
  readonly payload: Uint8Array;
}

/** Submits messages in one frame and waits until they are accepted. @throws when one is refused */
export async function submitBatch(device: RawDevice, messages: readonly ReadyMessage[]): Promise<void> {
  const content = encodeSubmit({ messages }, device.credentials.numberDomain);
  const outcomes = await device.sendFrame(
    content,
    messages.map(({ id }) => id),
  );
  if (outcomes.some((outcome) => "error" in outcome)) throw new Error("a message was refused");
}
