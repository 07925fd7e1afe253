import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { after, before } from "mocha";
import { App } from "../../component/app.js";
import type { AccountOperations } from "../../component/accounts/store.js";
import { checkConfig, type Config } from "../../component/config.js";
import { createLog } from "../../component/log.js";
import { storeModules } from "../../component/app.js";
import { hashDeviceKey } from "../../component/mailbox/service.js";
import { Store } from "../../component/store/store.js";
import { Vault } from "../../component/store/vault.js";
import type { ProsodyProcess } from "../../prosody/prosody.js";
import { systemClock, type Clock } from "../../src/clock.js";
import { newDeviceId, type DeviceId } from "../../src/ids.js";
import { phoneNumber } from "../../src/phone-number.js";
import { Build } from "./build.js";
import { ComponentProcess } from "./component-process.js";
import { addAccount, temporaryFolder, temporaryProsody, type TestProsodyOptions } from "./prosody.js";
import { newDeviceKey, type DeviceCredentials } from "./raw-device.js";

/** What a test may choose about its world. */
export interface WorldOptions {
  clock?: Clock;
  /** Options of the component's configuration that differ, by section. */
  config?: Record<string, Record<string, unknown>>;
  /** What is different about its Prosody. */
  prosody?: TestProsodyOptions;
  /** Where the component's log lines go; nowhere unless given. */
  log?: { write(line: string): void };
  /** Whether the component runs as a process of its own, which can be killed. */
  isProcess?: boolean;
  /** A folder with the JavaScript that the component is run from; that of the sources unless given. */
  build?: string;
  /** What the component's process is started through, as `ip netns exec …`. */
  runner?: readonly string[];
  /** A folder of its own for the store, by name; the store stands beside everything else unless given. */
  storeFolder?: string;
  /** Variables that the component's process gets beside those of the test, asked for at each of its starts. */
  environment?: (world: World) => Readonly<Record<string, string>>;
}

/** The password of everybody who was enrolled. */
export const PASSWORD = "secret";

/** A device as it is told when a number is linked. */
export interface BoundDevice {
  readonly deviceId: DeviceId;
  readonly publicKey: Uint8Array;
}

function stored({ deviceId, publicKey }: BoundDevice) {
  return { deviceId, keyHash: hashDeviceKey(publicKey) };
}

/** A real Prosody and a real component, in a temporary folder. */
export class World {
  readonly prosody: ProsodyProcess;
  readonly folder: string;
  readonly config: Config;
  readonly #options: WorldOptions;
  #app: App | undefined;
  #process: ComponentProcess | undefined;

  private constructor(prosody: ProsodyProcess, folder: string, options: WorldOptions) {
    this.prosody = prosody;
    this.folder = folder;
    this.#options = options;
    const { link, ...others } = options.config ?? {};
    const {
      interface: host,
      componentPort: port,
      componentDomain: domain,
      componentSecret: secret,
    } = prosody;
    this.config = checkConfig({
      host: { domain: prosody.host },
      link: { host, port, domain, secret, ...link },
      store: {
        path: join(folder, options.storeFolder ?? ".", "twotick.db"),
        key: randomBytes(32).toString("base64"),
      },
      http: { port: 0 },
      ...others,
    });
  }

  /** Starts both. */
  static async start(options: WorldOptions = {}): Promise<World> {
    const folder = temporaryFolder();
    const { prosody } = await temporaryProsody(options.prosody);
    const world = new World(prosody, folder, options);
    await world.startComponent();
    return world;
  }

  /** The component while it runs. */
  get app(): App {
    if (!this.#app) throw new Error("the component does not run");
    return this.#app;
  }

  /** Starts the component and waits until it is linked. */
  async startComponent(): Promise<void> {
    const { clock = systemClock, log, isProcess, build } = this.#options;
    if (isProcess) {
      this.#process = await ComponentProcess.start(
        this.config,
        this.folder,
        this.#options.environment?.(this),
        join(build ?? Build.unpatched().folder, "component/main.js"),
        this.#options.runner,
      );
      return;
    }
    const { App: BuiltApp } = await this.#component();
    this.#app = await BuiltApp.start(this.config, { clock, log: createLog(log ? "debug" : "silent", log) });
    await this.#app.online;
  }

  /** Stops the component; Prosody goes on. */
  async stopComponent(): Promise<void> {
    await this.#app?.stop();
    this.#app = undefined;
    await this.killComponent("SIGTERM");
  }

  /** Ends the component's process with a signal, waits until it is gone and answers its exit code. */
  async killComponent(signal: NodeJS.Signals = "SIGKILL"): Promise<number | null | undefined> {
    const exitCode = await this.#process?.kill(signal);
    this.#process = undefined;
    return exitCode;
  }

  /** The component's process, where it is one. */
  get componentPid(): number | undefined {
    return this.#process?.pid;
  }

  /** Settles when the component's process has ended, however that came. */
  async componentExited(): Promise<void> {
    await this.#process?.exited;
    this.#process = undefined;
  }

  /** Runs something with the store while the component is stopped or running. */
  async withStore<Result>(work: (store: Store, vault: Vault) => Promise<Result>): Promise<Result> {
    const component = await this.#component();
    const store = await Store.open(this.config.store.path, component.storeModules());
    try {
      return await work(store, new Vault(Buffer.from(this.config.store.key, "base64")));
    } finally {
      await store.close();
    }
  }

  /** Makes an account on Prosody and binds a number and a device to it, without the detour of a code. */
  async enrol(number: string, localpart: string, device?: BoundDevice): Promise<void> {
    const jid = await addAccount(this.prosody, localpart, PASSWORD);
    await this.withStore(async (store, vault) => {
      const e164 = phoneNumber(number);
      await store.of<AccountOperations>("accounts").create({
        jid: jid.bare,
        numberHash: vault.hashNumber(e164),
        numberSealed: vault.sealNumber(e164),
        isMadeHere: true,
        pinHash: null,
        device: device && stored(device),
        now: Date.now(),
      });
    });
  }

  /** Binds a further device to an account. */
  async enrolFurther(localpart: string, device: BoundDevice): Promise<void> {
    const account = `${localpart}@${this.prosody.host}`;
    await this.withStore((store) =>
      store.of<AccountOperations>("accounts").addDevice(account, stored(device), Date.now()),
    );
  }

  /** Somebody with a number and a device. */
  async person(number: string, localpart = `a${number.slice(1)}`): Promise<DeviceCredentials> {
    const key = newDeviceKey();
    const deviceId = newDeviceId();
    await this.enrol(number, localpart, { deviceId, publicKey: key.publicKey });
    return { ...this.#service, number, username: localpart, password: PASSWORD, deviceId, key };
  }

  /** Somebody with a number and no device of ours: what an ordinary app logs in with. */
  async appPerson(number: string, localpart = `a${number.slice(1)}`): Promise<DeviceCredentials> {
    await this.enrol(number, localpart);
    const key = newDeviceKey();
    return {
      ...this.#service,
      number,
      username: localpart,
      password: PASSWORD,
      deviceId: newDeviceId(),
      key,
    };
  }

  /** A further device of a person. */
  async furtherDevice(person: DeviceCredentials): Promise<DeviceCredentials> {
    const key = newDeviceKey();
    const deviceId = newDeviceId();
    await this.enrolFurther(person.username, { deviceId, publicKey: key.publicKey });
    return { ...person, deviceId, key };
  }

  /** Ends everything and removes the folder. */
  async stop(): Promise<void> {
    await this.stopComponent();
    await this.prosody.stop();
    rmSync(this.prosody.dataDir, { recursive: true, force: true });
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #component(): Promise<{ App: typeof App; storeModules: typeof storeModules }> {
    const { build } = this.#options;
    if (build === undefined) return { App, storeModules };
    return (await import(pathToFileURL(join(build, "component/app.js")).href)) as {
      App: typeof App;
      storeModules: typeof storeModules;
    };
  }

  get #service() {
    return {
      service: this.prosody.service,
      domain: this.prosody.host,
      numberDomain: this.prosody.componentDomain,
    };
  }
}

/** Gives a `describe` block a world, started before its tests and removed after them. */
export function useWorld(options: WorldOptions = {}): () => World {
  let world: World | undefined;
  before(async () => {
    world = await World.start(options);
  });
  after(async () => {
    await world?.stop();
  });
  return () => {
    if (!world) throw new Error("the world exists inside hooks and tests only");
    return world;
  };
}
