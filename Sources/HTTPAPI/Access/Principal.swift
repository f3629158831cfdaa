/// Who sent a request.
struct Principal: Sendable, Equatable {
    /// Of the token. Nil where no tokens are configured, and whoever reaches the port may do everything.
    let name: String?
    let role: AccessRole
}
