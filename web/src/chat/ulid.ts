// Identifiers that sort by time: 48 bits of milliseconds, 80 random bits, in Crockford's base 32 (github.com/ulid/spec).

const DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
let last = 0;

/** A new id. Within one page, ids never sort before those made earlier. */
export function newId(now = Date.now()): string {
  last = Math.max(last + 1, now);
  let time = "";
  for (let left = last, digit = 0; digit < 10; digit += 1) {
    time = DIGITS.charAt(left % 32) + time;
    left = Math.floor(left / 32);
  }
  const random = crypto.getRandomValues(new Uint8Array(16));
  return time + Array.from(random, (byte) => DIGITS.charAt(byte % 32)).join("");
}
