import { runDevice, type DeviceSettings } from "./running-device.js";

/** What a device in a process of its own is asked. */
export type DeviceRequest = { readonly number: number } & (
  | { readonly ask: "send"; readonly to: string; readonly text: string; readonly id: string }
  | { readonly ask: "read"; readonly id: string }
  | { readonly ask: "stop" }
);

/** What it answers; `number` is that of the request, 0 when it has come online. */
export interface DeviceAnswer {
  readonly kind: "answer";
  readonly number: number;
  readonly error?: { readonly code: string; readonly message: string };
}

const say = (what: unknown): void => void process.send?.(what);

async function answer(number: number, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
    say({ kind: "answer", number });
  } catch (error) {
    const { code = "error", message } = error as { code?: string; message: string };
    say({ kind: "answer", number, error: { code, message } });
  }
}

// Whoever plays it has gone
process.on("disconnect", () => process.exit(1));
await answer(0, async () => {
  const device = await runDevice(JSON.parse(process.argv[2] ?? "{}") as DeviceSettings, say);
  process.on("message", (request: DeviceRequest) => {
    if (request.ask === "send") {
      void answer(request.number, () => device.send(request.to, request.text, request.id));
    } else if (request.ask === "read") void answer(request.number, () => device.read(request.id));
    else void answer(request.number, device.stop).then(() => process.exit(0));
  });
});
