/** Why a machine cannot be made ready: one sentence that tells a person what to do, without its full stop. */
export class SetUpError extends Error {}
