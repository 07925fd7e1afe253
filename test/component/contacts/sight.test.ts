import { expect } from "chai";
import {
  ASPECTS,
  AUDIENCES,
  DEFAULT_SETTINGS,
  isGranted,
  NO_RELATION,
  sees,
  type Audience,
  type Relation,
  type SightFacts,
} from "../../../component/contacts/sight.js";

const relation = (changes: Partial<Relation>): Relation => ({ ...NO_RELATION, ...changes });

/** How an asker may stand to a person. */
const ASKERS: Record<string, Partial<SightFacts>> = {
  "a stranger": {},
  "one who subscribed and waits": { toPerson: relation({ isSubscribed: true }) },
  "one whose subscription was approved": { toPerson: relation({ isSubscribed: true, isApproved: true }) },
  "one approved who has not subscribed": { toPerson: relation({ isApproved: true }) },
  "one to whom the person subscribed": { fromPerson: relation({ isSubscribed: true }) },
  "one of two who subscribed to each other": {
    toPerson: relation({ isSubscribed: true }),
    fromPerson: relation({ isSubscribed: true }),
  },
  "one who was refused": { toPerson: relation({ isSubscribed: true, isDenied: true }) },
  "one in a block, however close": {
    isBlocked: true,
    toPerson: relation({ isSubscribed: true, isApproved: true }),
    fromPerson: relation({ isSubscribed: true, isApproved: true }),
  },
  "the person": { isSelf: true },
};

/** What each sees, by the setting: p presence, l last seen, f profile; a dash for nothing. */
const SEEN: Record<string, Record<Audience, string>> = {
  "a stranger": { everyone: "-lf", contacts: "---", nobody: "---" },
  "one who subscribed and waits": { everyone: "plf", contacts: "---", nobody: "---" },
  "one whose subscription was approved": { everyone: "plf", contacts: "plf", nobody: "---" },
  "one approved who has not subscribed": { everyone: "-lf", contacts: "-lf", nobody: "---" },
  "one to whom the person subscribed": { everyone: "-lf", contacts: "-lf", nobody: "---" },
  "one of two who subscribed to each other": { everyone: "plf", contacts: "plf", nobody: "---" },
  "one who was refused": { everyone: "---", contacts: "---", nobody: "---" },
  "one in a block, however close": { everyone: "---", contacts: "---", nobody: "---" },
  "the person": { everyone: "plf", contacts: "plf", nobody: "plf" },
};

function factsOf(asker: string, setting: Audience): SightFacts {
  return {
    isSelf: false,
    isBlocked: false,
    toPerson: NO_RELATION,
    fromPerson: NO_RELATION,
    settings: { presence: setting, lastSeen: setting, profile: setting },
    ...ASKERS[asker],
  };
}

describe("sees", () => {
  for (const [asker, bySetting] of Object.entries(SEEN)) {
    for (const setting of AUDIENCES) {
      it(`shows ${asker} ${bySetting[setting]} under "${setting}"`, () => {
        const seen = ASPECTS.map((aspect, index) =>
          sees(aspect, factsOf(asker, setting)) ? "plf".charAt(index) : "-",
        );
        expect(seen.join("")).to.equal(bySetting[setting]);
      });
    }
  }

  it("takes each setting for itself", () => {
    const settings = { ...DEFAULT_SETTINGS, lastSeen: "nobody" } as const;
    const facts = { ...factsOf("one whose subscription was approved", "contacts"), settings };
    expect(ASPECTS.map((aspect) => sees(aspect, facts))).to.deep.equal([true, false, true]);
  });
});

describe("isGranted", () => {
  it("wants no further word for everyone, for whom one subscribed to and for whom one approved", () => {
    const granted = Object.keys(ASKERS).filter((asker) => isGranted(factsOf(asker, "contacts")));
    expect(granted)
      .to.include("one of two who subscribed to each other")
      .and.to.include("one whose subscription was approved");
    expect(granted).not.to.include("a stranger");
    expect(isGranted(factsOf("one who subscribed and waits", "everyone"))).to.equal(true);
    expect(isGranted(factsOf("one who was refused", "everyone"))).to.equal(false);
  });
});
