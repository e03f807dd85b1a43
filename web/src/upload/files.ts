/** Files of a drop. */

/** Return all files of a drop, also those in dropped folders. */
export async function filesIn(data: DataTransfer): Promise<File[]> {
  // The entries must be taken before the first `await`: the browser then empties the drop.
  const entries = [...data.items].map((item) => item.webkitGetAsEntry());
  const files = [...data.files];
  if (!entries.some((entry) => entry?.isDirectory)) return files;
  return (await Promise.all(entries.map((entry) => (entry ? filesOf(entry) : [])))).flat();
}

async function filesOf(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile)
    return [
      await new Promise<File>((resolve, reject) =>
        (entry as FileSystemFileEntry).file(resolve, reject),
      ),
    ];
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: File[] = [];
  // The browser returns at most 100 entries at once, and none at the end.
  for (let entries = await next(reader); entries.length; entries = await next(reader))
    found.push(...(await Promise.all(entries.map(filesOf))).flat());
  return found.filter(({name}) => !name.startsWith("."));
}

const next = (reader: FileSystemDirectoryReader) =>
  new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
