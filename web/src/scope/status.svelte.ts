// The right end of the status bar: what is listed, how long the last answer took, what was saved.

class Status {
  /** "images 1 to 30 of 6,278". */
  listed = $state('');
  /** Milliseconds the server took for the last answer; null before the first. */
  took = $state.raw<number | null>(null);
  saved = $state.raw<{ at: string } | 'saving' | { error: string } | null>(null);
  /** Read out politely by screen readers. */
  said = $state('');

  #later: ReturnType<typeof setTimeout> | null = null;

  /** At most once a second, the newest only: counts change faster than one can listen. */
  say(text: string): void {
    if (this.#later !== null) clearTimeout(this.#later);
    this.#later = setTimeout(() => {
      this.said = text;
      this.#later = null;
    }, 1000);
  }
}

export const status = new Status();
