// Files that are put before a model: pictures as base64, everything that is text as text. The rest is refused.
import type { Attachment } from "@/chat/types";

export const MAX_IMAGE = 8 * 1024 * 1024;
export const MAX_TEXT = 1024 * 1024;
export const MAX_FILES = 10;
/** A message is kept with its files, and may have 12 MiB in all; base64 takes a third more than the bytes. */
const MAX_TOTAL = 11 * 1024 * 1024;
const IMAGES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);

export type Refused = { name: string; reason: "too_large" | "not_readable" | "too_many" | "too_much" };

export async function readFiles(
  files: readonly File[],
  already: readonly Attachment[] = [],
): Promise<{ taken: Attachment[]; refused: Refused[] }> {
  const taken: Attachment[] = [];
  const refused: Refused[] = [];
  let total = already.reduce((sum, each) => sum + each.data.length, 0);
  for (const file of files) {
    const name = file.name || "file";
    const read = taken.length + already.length >= MAX_FILES ? "too_many" : await readOne(file);
    if (typeof read === "string") refused.push({ name, reason: read });
    else if (total + read.data.length > MAX_TOTAL) refused.push({ name, reason: "too_much" });
    else {
      total += read.data.length;
      taken.push({ ...read, name });
    }
  }
  return { taken, refused };
}

async function readOne(file: File): Promise<Omit<Attachment, "name"> | Refused["reason"]> {
  if (IMAGES.has(file.type)) {
    if (file.size > MAX_IMAGE) return "too_large";
    return { kind: "image", media_type: file.type, data: toBase64(new Uint8Array(await file.arrayBuffer())) };
  }
  if (/^(image|audio|video|font)\//.test(file.type)) return "not_readable";
  if (file.size > MAX_TEXT) return "too_large";
  try {
    const data = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
    if (data.includes("\0")) return "not_readable";
    return { kind: "text", media_type: file.type || "text/plain", data };
  } catch {
    return "not_readable";
  }
}

export function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let from = 0; from < bytes.length; from += 0x8000) {
    binary += String.fromCharCode(...bytes.subarray(from, from + 0x8000));
  }
  return btoa(binary);
}
