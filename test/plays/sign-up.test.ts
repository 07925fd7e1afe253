import { expect } from "chai";
import type { AccountOperations } from "../../component/accounts/store.js";
import { Connection } from "../../sdk/connection/connection.js";
import {
  linkNumber,
  signUp,
  SignUpError,
  type NewAccount,
  type SignUpDevice,
} from "../../sdk/sign-up/mod.js";
import { submitElement } from "../../src/data-form.js";
import { StanzaError } from "../../src/errors.js";
import { newDeviceId, newId } from "../../src/ids.js";
import { NS } from "../../src/namespaces.js";
import { attribute, xml, type Element } from "../../src/xml.js";
import { addAccount } from "../support/prosody.js";
import { RawDevice, newDeviceKey, type DeviceKey } from "../support/raw-device.js";
import { useWorld } from "../support/world.js";

const ROMEO = "+15551230001";
const JULIET = "+15551230002";
const NURSE = "+15551230003";
const CODES = { [ROMEO]: "000001", [JULIET]: "000002", [NURSE]: "000003" };

describe("Romeo signs up", () => {
  const world = useWorld({ config: { signUp: { testNumbers: CODES } } });

  const api = (): string => `http://127.0.0.1:${world().app.httpPort}`;
  const newDevice = (): SignUpDevice & { key: DeviceKey } => {
    const key = newDeviceKey();
    return { deviceId: newDeviceId(), publicKey: key.publicKey, key };
  };
  const connect = async (username: string, password: string): Promise<Connection> => {
    const { service, host } = world().prosody;
    const connection = new Connection({ service, domain: host, username, password, resource: newId() });
    connection.on("error", () => {});
    await connection.start();
    return connection;
  };
  const join = async (
    number: keyof typeof CODES,
    options = {},
  ): Promise<NewAccount & { key: DeviceKey; device: SignUpDevice }> => {
    const device = newDevice();
    const session = await signUp({ api: api(), number, device });
    return { ...(await session.verify(CODES[number], options)), key: device.key, device };
  };
  const rawDevice = (person: Awaited<ReturnType<typeof join>>): RawDevice =>
    new RawDevice({
      service: world().prosody.service,
      domain: world().prosody.host,
      numberDomain: world().prosody.componentDomain,
      number: person.number,
      username: person.account.local,
      password: person.password,
      deviceId: person.device.deviceId,
      key: person.key,
    });
  const canLogIn = async ({ account, password }: NewAccount): Promise<boolean> => {
    try {
      const connection = await connect(account.local, password);
      await connection.stop();
      return true;
    } catch {
      return false;
    }
  };
  const untilLockedOut = async (person: NewAccount): Promise<void> => {
    const deadline = performance.now() + 15_000;
    while (await canLogIn(person)) expect(performance.now()).to.be.below(deadline);
  };
  const refusal = async (work: Promise<unknown>): Promise<SignUpError> => {
    try {
      await work;
    } catch (error) {
      if (error instanceof SignUpError) return error;
      throw error;
    }
    throw new Error("nothing was refused");
  };
  const command = async (
    connection: Connection,
    node: string,
    values?: Record<string, string | string[]>,
  ): Promise<Element> => {
    const payload = xml(
      "command",
      { xmlns: NS.commands, node, action: "execute" },
      values && submitElement(node, values),
    );
    const to = world().prosody.componentDomain;
    const answer = await connection.request(xml("iq", { type: "set", id: newId(), to }, payload));
    return answer.getChild("command", NS.commands)!;
  };

  it("gets an account with an opaque localpart, logs in and attaches the device", async () => {
    const romeo = await join(ROMEO);
    expect(romeo.account.local).to.match(/^[a-z2-9]{16}$/);
    expect(romeo.address.bare).to.equal(`${ROMEO}@${world().prosody.componentDomain}`);
    const device = rawDevice(romeo);
    await device.connection.start();
    await device.attach();
    expect(device.token).to.be.a("string");
    await device.connection.stop();
  });

  it("is told that a code is wrong, and how many tries are left", async () => {
    const session = await signUp({ api: api(), number: ROMEO });
    const error = await refusal(session.verify("999999"));
    expect(error).to.include({ code: "code-wrong", status: 403, checksLeft: 4 });
  });

  it("gets the same account with a fresh password when the answer was lost", async () => {
    const device = newDevice();
    const session = await signUp({ api: api(), number: ROMEO, device });
    const first = await session.verify(CODES[ROMEO]);
    const again = await session.verify(CODES[ROMEO]);
    expect(again.account.bare).to.equal(first.account.bare);
    expect(again.password).not.to.equal(first.password);
    expect([await canLogIn(first), await canLogIn(again)]).to.deep.equal([false, true]);
  });

  it("gets the localpart that he chose, which nobody else gets", async () => {
    const romeo = await join(ROMEO, { localpart: "romeo" });
    expect(romeo.account.local).to.equal("romeo");
    const juliet = await signUp({ api: api(), number: JULIET });
    expect(await refusal(juliet.verify(CODES[JULIET], { localpart: "romeo" }))).to.include({
      code: "localpart-taken",
      status: 409,
    });
    const other = await juliet.verify(CODES[JULIET], { localpart: "juliet" });
    expect(other.account.local).to.equal("juliet");
    expect(await canLogIn(romeo)).to.equal(true);
  });

  it("starts a new account when the number is signed up again; the old one is gone from the host", async () => {
    const old = await join(JULIET);
    const fresh = await join(JULIET);
    expect(fresh.account.bare).not.to.equal(old.account.bare);
    await untilLockedOut(old);
    expect(await canLogIn(fresh)).to.equal(true);
  });

  it("takes nothing over with a right code and a wrong PIN", async () => {
    const owner = await join(NURSE, { newPin: "4711" });
    const session = await signUp({ api: api(), number: NURSE });
    expect(await refusal(session.verify(CODES[NURSE]))).to.include({ code: "pin-required" });
    expect(await refusal(session.verify(CODES[NURSE], { pin: "1234" }))).to.include({ code: "pin-wrong" });
    expect(await canLogIn(owner)).to.equal(true);
    const next = await session.verify(CODES[NURSE], { pin: "4711", newPin: "" });
    expect(next.account.bare).not.to.equal(owner.account.bare);
  });

  it("links a number to an account that he had before, by command", async () => {
    const owner = await world().person("+15551230009", "friar");
    const connection = await connect(owner.username, owner.password);
    await command(connection, "urn:twotick:unlink", { confirm: "1" });
    const device = newDevice();
    const component = world().prosody.componentDomain;
    const session = await linkNumber(connection, { component, number: ROMEO, device });
    expect(await refusal(session!.verify("123456"))).to.include({ code: "code-wrong" });
    await session!.verify(CODES[ROMEO]);
    const further = newDevice();
    expect(await linkNumber(connection, { component, number: ROMEO, device: further })).to.equal(undefined);
    const list = (await command(connection, "urn:twotick:devices")).getChild("x", NS.dataForms)!;
    const ids = list
      .getChildren("field")
      .flatMap((field) => field.getChildren("option"))
      .map((option) => option.getChildText("value"));
    expect(ids).to.deep.equal([String(device.deviceId), String(further.deviceId)]);
    await command(connection, "urn:twotick:devices", { remove: [String(device.deviceId)] });
    await command(connection, "urn:twotick:pin", { pin: "2468" });
    await world().withStore(async (store) => {
      const accounts = store.of<AccountOperations>("accounts");
      const jid = connection.jid!.bare;
      expect((await accounts.devices(jid)).map((one) => one.deviceId)).to.deep.equal([further.deviceId]);
      expect((await accounts.findByJid(jid))?.pinHash).to.have.length(48);
    });
    await connection.stop();
  });

  it("deletes number and account by command", async () => {
    const romeo = await join(JULIET);
    const connection = await connect(romeo.account.local, romeo.password);
    const answer = await command(connection, "urn:twotick:delete", { confirm: "1" });
    expect(attribute(answer, "status")).to.equal("completed");
    await connection.stop();
    await untilLockedOut(romeo);
  });

  it("refuses commands to whoever has no number", async () => {
    await addAccount(world().prosody, "mercutio", "secret");
    const connection = await connect("mercutio", "secret");
    const answer = command(connection, "urn:twotick:unlink");
    const error = await answer.then(
      () => undefined,
      (thrown: unknown) => thrown as StanzaError,
    );
    expect(error).to.be.instanceOf(StanzaError).and.to.include({ condition: "item-not-found" });
    await connection.stop();
  });
});
