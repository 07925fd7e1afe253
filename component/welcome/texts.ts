import type { RefusalCode } from "../sign-up/refusal.js";

/** Everything that the page says, in one language. Texts of a duration are given it ready: "5 minutes". */
export interface Texts {
  /** RFC 5646 */
  readonly language: string;
  /** Goes before the title of a page that tells of a problem. */
  readonly error: string;
  readonly step: (number: number) => string;
  readonly number: {
    readonly title: (service: string) => string;
    readonly introduction: string;
    readonly label: string;
    readonly hint: string;
    readonly nationalHint: string;
    readonly submit: string;
  };
  readonly code: {
    readonly title: string;
    readonly sent: (number: string) => string;
    readonly label: string;
    readonly hint: string;
    readonly pinLabel: string;
    readonly pinSummary: string;
    readonly submit: string;
    readonly triesLeft: (tries: number) => string;
    readonly nextTry: (wait: string) => string;
    readonly nothingCame: string;
    readonly sendAgain: string;
    readonly call: string;
    readonly sendAgainIn: (wait: string) => string;
    readonly callIn: (wait: string) => string;
    readonly noMoreCodes: string;
    readonly sentAgain: string;
    readonly otherNumber: string;
  };
  readonly app: {
    readonly invitedTitle: string;
    readonly belongs: (number: string) => string;
    readonly open: string;
    readonly scan: string;
    readonly qrLabel: string;
    readonly link: string;
    readonly validFor: (duration: string) => string;
    readonly keepAddress: string;
    readonly secret: string;
    readonly noApp: string;
    readonly noAppText: string;
    readonly noInvitations: string;
    readonly noInvitationsText: string;
    readonly takePassword: string;
    readonly usedTitle: string;
    readonly used: (account: string) => string;
    readonly expired: string;
    readonly another: string;
    readonly passwordTitle: string;
    readonly passwordText: string;
    readonly address: string;
    readonly password: string;
    readonly writeDown: string;
    readonly leave: string;
    readonly leaveText: string;
  };
  readonly tryAgainIn: (wait: string) => string;
  readonly problems: Readonly<Record<RefusalCode | "code-malformed" | "internal", string>>;
}
