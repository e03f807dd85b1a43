/** Files that cannot be uploaded: grouped by the reason. */

export interface Limits {
  /** Size limit of one video. */
  maxBytes: number;
  /** File extensions in lower case, without the dot; null if only the API knows them. */
  extensions: readonly string[] | null;
}

export interface Refusal {
  reason: "format" | "large" | "empty" | "duplicate";
  names: readonly string[];
}

/** Return why a file cannot be uploaded, or null. */
export function reasonAgainst(file: File, limits: Limits): Refusal["reason"] | null {
  const extension = /\.([^.]+)$/.exec(file.name)?.[1]?.toLowerCase() ?? "";
  if (limits.extensions && !limits.extensions.includes(extension)) return "format";
  if (file.size === 0) return "empty";
  return file.size > limits.maxBytes ? "large" : null;
}

export function addRefused(
  refusals: readonly Refusal[],
  name: string,
  reason: Refusal["reason"],
): Refusal[] {
  const before = refusals.find((one) => one.reason === reason);
  const names = [...(before?.names ?? []), name];
  return [...refusals.filter((one) => one !== before), {reason, names}];
}
