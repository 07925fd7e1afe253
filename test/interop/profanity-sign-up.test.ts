import { addAccount } from "../support/prosody.js";
import { Profanity } from "../support/profanity.js";
import { useWorld } from "../support/world.js";

const ROMEO = "+15551230001";
const JULIET = "+15551230002";

describe("Profanity", function () {
  this.timeout(120_000);
  const world = useWorld({ config: { signUp: { testNumbers: { [ROMEO]: "000001", [JULIET]: "000002" } } } });
  let profanity: Profanity | undefined;
  const enter = async (username: string): Promise<Profanity> => {
    await addAccount(world().prosody, username, "secret");
    profanity = await Profanity.logIn(world(), username, "secret");
    return profanity;
  };
  afterEach(() => {
    profanity?.stop();
    profanity = undefined;
  });

  it("signs up by chat and finds somebody by command", async () => {
    const { componentDomain } = world().prosody;
    const romeo = await enter("romeo");
    romeo.type(`/msg ${componentDomain} register ${ROMEO}`);
    await romeo.sees(`A code is on its way to ${ROMEO}`);
    romeo.type("code 000001");
    await romeo.sees(`${ROMEO} belongs to this account now`);
    romeo.type(`/cmd exec urn:twotick:find ${componentDomain}`);
    await romeo.sees("Find somebody by number");
    romeo.type(`/field1 ${ROMEO}`);
    romeo.type("/form submit");
    await romeo.sees(`Address: ${ROMEO}@${componentDomain}`);
  });

  it("signs up by command, in two forms", async () => {
    const juliet = await enter("juliet");
    juliet.type(`/cmd exec urn:twotick:link ${world().prosody.componentDomain}`);
    await juliet.sees("Link a phone number");
    juliet.type(`/field1 ${JULIET}`);
    juliet.type("/form submit");
    await juliet.sees("Fill in the code");
    juliet.type("/field1 000002");
    juliet.type("/form submit");
    await juliet.sees("belongs to this account now");
  });
});
