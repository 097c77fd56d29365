/** One page of a list, as a client asks for it. */
export interface PageRequest {
  readonly limit: number
  /** `desc`: newest first. */
  readonly order: "asc" | "desc"
  /** Id of the last entry of the page before; null: from the beginning. */
  readonly after: string | null
}

export interface Page<T> {
  readonly entries: readonly T[]
  readonly hasMore: boolean
}
