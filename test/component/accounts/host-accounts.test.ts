import { expect } from "chai";
import { HostAccountError, HostAccounts, newPassword } from "../../../component/accounts/host-accounts.js";
import { removalRetryMs } from "../../../component/accounts/removals.js";
import { Link } from "../../../component/link/mod.js";
import { addAccount, useProsody } from "../../support/prosody.js";

describe("HostAccounts", () => {
  const prosody = useProsody();
  let link: Link;
  let host: HostAccounts;

  before(async () => {
    const { interface: address, componentPort, componentDomain, componentSecret } = prosody();
    link = new Link({ host: address, port: componentPort, domain: componentDomain, secret: componentSecret });
    await link.start();
    host = new HostAccounts(link, prosody().host, componentDomain);
  });
  after(() => link.stop());

  const jid = (local: string): string => `${local}@${prosody().host}`;
  const failure = async (work: Promise<unknown>): Promise<HostAccountError> => {
    const error = await work.catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(HostAccountError);
    return error as HostAccountError;
  };

  it("makes an account, once", async () => {
    expect(await host.exists(jid("romeo"))).to.equal(false);
    expect(await host.add(jid("romeo"), newPassword())).to.equal("made");
    expect(await host.exists(jid("romeo"))).to.equal(true);
    expect(await host.add(jid("romeo"), newPassword())).to.equal("exists");
  });

  it("says that somebody's account exists, and leaves it", async () => {
    await addAccount(prosody(), "juliet", "secret");
    expect(await host.add(jid("juliet"), newPassword())).to.equal("exists");
  });

  it("sets passwords, of accounts that exist", async () => {
    await host.setPassword(jid("romeo"), newPassword());
    const error = await failure(host.setPassword(jid("nobody"), newPassword()));
    expect(error.code).to.equal("host-refused");
    expect(error.message).to.include("User does not exist").and.to.not.include("nobody");
  });

  it("deletes an account; one that is gone is no error", async () => {
    await host.add(jid("tybalt"), newPassword());
    await host.endSessions(jid("tybalt"));
    await host.remove(jid("tybalt"));
    expect(await host.exists(jid("tybalt"))).to.equal(false);
    await host.remove(jid("tybalt"));
  });

  it("reports failures that come as results: another host's account", async () => {
    const error = await failure(host.add("romeo@elsewhere.example", newPassword()));
    expect(error.code).to.equal("host-refused");
  });

  it("is refused from any address but the registrar's", async () => {
    const { componentDomain } = prosody();
    const other = {
      get isOnline() {
        return link.isOnline;
      },
      send: () => undefined,
      request: (iq: Parameters<Link["request"]>[0]) => {
        iq.attrs["from"] = `+15551230001@${componentDomain}`;
        return link.request(iq);
      },
    };
    const stranger = new HostAccounts(other, prosody().host, componentDomain);
    expect((await failure(stranger.add(jid("mercutio"), newPassword()))).code).to.equal("host-refused");
    expect(await host.exists(jid("mercutio"))).to.equal(false);
  });

  it("says that the host is unavailable while the link is down", async () => {
    const { componentDomain, componentSecret } = prosody();
    const down = new Link({ host: "127.0.0.1", port: 1, domain: componentDomain, secret: componentSecret });
    const error = await failure(new HostAccounts(down, prosody().host, componentDomain).exists(jid("romeo")));
    expect(error.code).to.equal("host-unavailable");
  });
});

describe("removalRetryMs", () => {
  it("waits longer each time, up to six hours", () => {
    expect([0, 1, 2, 20].map(removalRetryMs)).to.deep.equal([30_000, 60_000, 120_000, 21_600_000]);
  });
});
