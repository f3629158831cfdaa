/// Everybody who may use the API.
package struct AccessTokens: Sendable, Equatable {
    package let tokens: [AccessToken]

    /// Reads entries (see ``AccessToken``) separated by white space or commas; a line that begins with `#` is a comment.
    ///
    /// - Throws: ``AccessTokensError`` with everything that is wrong.
    package init(_ text: String) throws(AccessTokensError) {
        var tokens: [AccessToken] = []
        var problems: [String] = []
        let lines = text.split(whereSeparator: \.isNewline).filter { !$0.drop(while: \.isWhitespace).hasPrefix("#") }
        let entries = lines.flatMap { $0.split { $0.isWhitespace || $0 == "," } }
        for (index, entry) in entries.enumerated() {
            do throws(AccessTokenError) {
                let token = try AccessToken(entry: entry)
                if tokens.contains(where: { $0.hash == token.hash }) {
                    problems.append("entry \(index + 1) is of a token that is there already")
                }
                tokens.append(token)
            } catch {
                problems.append("entry \(index + 1) \(error.message)")
            }
        }
        // Empty by mistake must not mean open to all.
        if entries.isEmpty { problems.append("there is no token in it") }
        guard problems.isEmpty else { throw AccessTokensError(problems: problems) }
        self.tokens = tokens
    }
}
