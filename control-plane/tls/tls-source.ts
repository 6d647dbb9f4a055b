/** PEM texts of one moment. */
export interface TlsMaterial {
  readonly certificate: string;
  readonly key: string;
  /** Who signs the certificates that clients must show; undefined: they show none. */
  readonly clientAuthority: string | undefined;
}

/** Certificate and key of a port, which may be replaced while it is open. */
export interface TlsSource {
  readonly current: TlsMaterial;
  /** Hears of each replacement that could be read and belongs together. */
  onChange(listener: (material: TlsMaterial) => void): Disposable;
}
