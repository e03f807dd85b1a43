/** What the API accepts. It writes this into the page when it serves it. */

function setting(name: string): string {
  const meta = document.querySelector<HTMLMetaElement>(`meta[name="clipo:${name}"]`);
  if (!meta) throw new Error(`The page lacks its setting ${name}.`);
  return meta.content;
}

/** Of one video. */
export const maxUploadBytes = Number(setting("max-upload-bytes"));

/** Lower case, without the dot. */
export const allowedExtensions = setting("allowed-extensions").split(",");
