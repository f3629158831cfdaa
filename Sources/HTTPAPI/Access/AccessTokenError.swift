/// What is wrong with an entry, as the end of a sentence about it.
struct AccessTokenError: Error {
    let message: String

    init(_ message: String) { self.message = message }
}
