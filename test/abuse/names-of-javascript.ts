/** Names that every object of JavaScript has, or that change what it is. */
export const NAMES = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "valueOf",
  "hasOwnProperty",
  "__defineGetter__",
  "then",
] as const;

/** What must be the same before and after: the properties that all objects share. */
export function sharedProperties(): string {
  const shared = [Object.prototype, Array.prototype, Function.prototype, Map.prototype, String.prototype];
  return shared.map((prototype) => Reflect.ownKeys(prototype).map(String).join()).join(";");
}
