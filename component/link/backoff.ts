/** How long to wait before each attempt, and when to begin anew. */
export interface BackoffSettings {
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  readonly random: () => number;
}

/**
 * The wait before attempt number `attempt` (from 0): anything up to a ceiling that doubles.
 *
 * The whole wait is drawn ("full jitter"), so that many components that lost one server do not return at once.
 */
export function backoffMs(attempt: number, settings: BackoffSettings): number {
  const ceiling = Math.min(settings.backoffMaxMs, settings.backoffMinMs * 2 ** Math.min(attempt, 30));
  return settings.random() * ceiling;
}
