/** Have screen readers say a sentence, without moving the focus. */
export function sayToScreenReaders(sentence: string): void {
  const region = document.getElementById("screen-reader-messages");
  if (region) region.textContent = sentence;
}
