/** Measures how fast each upload is. */

/** How long a measurement lasts, at least. */
const STEP_MS = 500;
/** The share of the newest measurement in the result, which jumps less the smaller it is. */
const NEWEST = 0.3;

interface Measured {
  at: number;
  bytes: number;
  perS: number | null;
}

export class Pace {
  private readonly files = new Map<string, Measured>();

  /** Return the bytes per second of an upload that has sent so many bytes; null at its begin. */
  of(id: string, bytes: number): number | null {
    const now = performance.now();
    const last = this.files.get(id);
    // After a pause or a retry, less has been sent than before.
    if (!last || bytes < last.bytes) {
      this.files.set(id, {at: now, bytes, perS: null});
      return null;
    }
    const passed = now - last.at;
    if (passed < STEP_MS) return last.perS;
    const newest = ((bytes - last.bytes) * 1000) / passed;
    const perS = last.perS === null ? newest : last.perS + NEWEST * (newest - last.perS);
    this.files.set(id, {at: now, bytes, perS});
    return perS;
  }

  forget(id: string): void {
    this.files.delete(id);
  }
}
