/** Something that is not as it should be, and how to mend it. */
export interface Finding {
  /** An error breaks a promise or the service; a warning makes it slower, or less safe. */
  readonly severity: "error" | "warning";
  /** What is wrong, in a sentence. */
  readonly what: string;
  /** What to do about it, in a sentence. */
  readonly mend: string;
}

/** An error among the findings. */
export function fault(what: string, mend: string): Finding {
  return { severity: "error", what, mend };
}

/** A warning among the findings. */
export function warning(what: string, mend: string): Finding {
  return { severity: "warning", what, mend };
}
