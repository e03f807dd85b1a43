/** Say something to screen readers, without moving the focus. */
export function announce(sentence: string): void {
  const region = document.getElementById("announcements");
  if (region) region.textContent = sentence;
}
