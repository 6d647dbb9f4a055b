/** `linux/amd64`: the words that container images use. */
export function currentPlatform(): string {
  const machine = process.arch === "x64" ? "amd64" : process.arch;
  return `${process.platform}/${machine}`;
}

/** Whether a package that names these platforms runs here; one that names none runs anywhere. */
export function runsOn(platforms: readonly string[], platform: string): boolean {
  return platforms.length === 0 || platforms.includes(platform);
}
