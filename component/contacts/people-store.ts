import type { Database } from "better-sqlite3";
import { openPairs, readRelation, RELATION_COLUMNS, type Party, type StoredParty } from "./pair-store.js";
import { openRelationWriter } from "./relation-store.js";
import { sees, type Aspect, type PrivacySettings, type Relation } from "./sight.js";
import { packPeer, type StoredPeer } from "./stored-peer.js";
import { settle, sightOfMine, visibilityOf, type Pair } from "./subscription.js";

/** A person with everybody who has to do with that one. */
export interface StoredPerson {
  readonly party: Party;
  readonly settings: PrivacySettings;
  readonly peers: readonly StoredPeer[];
}

interface ReadPeer {
  readonly party: StoredParty;
  readonly toPerson: Relation;
  readonly fromPerson: Relation;
  readonly isBlocked: boolean;
}

/** What somebody asks about a number, and how that one stands to the person behind it. */
export interface Acquaintance {
  /** Who asks; `undefined` when no number belongs to that account. */
  readonly asker: Party | undefined;
  /** Who is asked about; `undefined` when the number belongs to nobody. */
  readonly person: Party | undefined;
  readonly isBlocked: boolean;
  readonly sees: Readonly<Record<Aspect, boolean>>;
  /** When the person was last seen; `undefined` for never. */
  readonly seenAt: number | undefined;
}

const SEES_NOTHING: Record<Aspect, boolean> = { presence: false, lastSeen: false, profile: false };

/** A change of settings, with what follows for those who have to do with the person. */
export interface SettingsChange {
  readonly me: Party;
  /** Those whose sight of the person changes; `isTold` when "subscribed" is owed to them. */
  readonly affected: readonly {
    readonly party: Party;
    readonly isVisible: boolean;
    readonly isTold: boolean;
  }[];
}

const PEERS = `
  SELECT accounts.id AS account, jid, numbers.id AS number, sealed, hash,
    EXISTS (SELECT 1 FROM blocks WHERE blocks.account = accounts.id AND number_hash = @hash)
      OR EXISTS (SELECT 1 FROM blocks WHERE blocks.account = @me AND number_hash = numbers.hash) AS isBlocked
  FROM (SELECT subscriber AS peer FROM relations WHERE contact = @me
        UNION SELECT contact FROM relations WHERE subscriber = @me)
    JOIN accounts ON accounts.id = peer JOIN numbers ON numbers.id = accounts.number`;

/** The SQL of persons and what they have decided. */
export function openPeople(database: Database) {
  const pairs = openPairs(database);
  const write = openRelationWriter(database);
  const peersOf = database.prepare<
    { me: number; hash: Uint8Array },
    { account: number; jid: string; number: number; sealed: Uint8Array; hash: Uint8Array; isBlocked: 0 | 1 }
  >(PEERS);
  const relation = database.prepare<[number, number], Parameters<typeof readRelation>[0] & object>(
    `SELECT ${RELATION_COLUMNS} FROM relations WHERE subscriber = ? AND contact = ?`,
  );
  const seenAt = database.prepare<[number], number>("SELECT at FROM sightings WHERE account = ?").pluck();
  const putSettings = database.prepare(
    `INSERT INTO privacy_settings (account, presence, last_seen, profile) VALUES (@account, @presence, @lastSeen, @profile)
     ON CONFLICT DO UPDATE SET presence = excluded.presence, last_seen = excluded.last_seen, profile = excluded.profile`,
  );

  const readPeers = (me: StoredParty): ReadPeer[] =>
    peersOf.all({ me: me.account, hash: me.hash }).map((row) => ({
      party: {
        account: row.account,
        jid: row.jid,
        number: { id: row.number, sealed: row.sealed },
        hash: row.hash,
      },
      toPerson: readRelation(relation.get(row.account, me.account)),
      fromPerson: readRelation(relation.get(me.account, row.account)),
      isBlocked: row.isBlocked === 1,
    }));

  const readPerson = (me: StoredParty | undefined): StoredPerson | undefined =>
    me && {
      party: me,
      settings: pairs.settingsOf(me.account),
      peers: readPeers(me).map(({ party: { jid, number }, ...peer }) => packPeer({ jid, number, ...peer })),
    };

  return {
    /** A person by bare JID, with everybody who has to do with that one. */
    personByJid: (jid: string): StoredPerson | undefined => readPerson(pairs.byJid(jid)),

    /** A person by the hash of the number. */
    personByNumber: (hash: Uint8Array): StoredPerson | undefined => readPerson(pairs.byHash(hash)),

    /** What an account (bare JID) may see of the person behind a number. */
    acquaintance(jid: string, toHash: Uint8Array): Acquaintance {
      const asker = pairs.byJid(jid);
      const person = pairs.byHash(toHash);
      if (!asker || !person)
        return { asker, person, isBlocked: false, sees: SEES_NOTHING, seenAt: undefined };
      const pair = pairs.pairOf(asker, person);
      const facts = sightOfMine(pair);
      return {
        asker,
        person,
        isBlocked: pair.isBlocked,
        sees: {
          presence: sees("presence", facts),
          lastSeen: sees("lastSeen", facts),
          profile: sees("profile", facts),
        },
        seenAt: seenAt.get(person.account),
      };
    },

    /** What a person has decided; `undefined` for an account without a number. */
    settingsOf(jid: string): PrivacySettings | undefined {
      const me = pairs.byJid(jid);
      return me && pairs.settingsOf(me.account);
    },

    /** Decides anew what others see; `undefined` for an account without a number. */
    changeSettings(jid: string, settings: PrivacySettings): SettingsChange | undefined {
      const me = pairs.byJid(jid);
      if (!me) return undefined;
      const mySettings = pairs.settingsOf(me.account);
      putSettings.run({ account: me.account, ...settings });
      const affected = readPeers(me).flatMap(({ party, toPerson, fromPerson, isBlocked }) => {
        const before: Pair = {
          isSelf: false,
          isBlocked,
          mine: fromPerson,
          theirs: toPerson,
          mySettings,
          theirSettings: pairs.settingsOf(party.account),
        };
        const { theirs, tellThem } = settle({ ...before, mySettings: settings });
        if (theirs !== toPerson) write(party.account, me.account, theirs);
        const after = { ...before, mySettings: settings, theirs };
        const isVisible = visibilityOf(after).theySeeMe;
        const isTold = tellThem.length > 0;
        if (!isTold && isVisible === visibilityOf(before).theySeeMe) return [];
        return [{ party, isVisible, isTold }];
      });
      return { me, affected };
    },
  };
}
