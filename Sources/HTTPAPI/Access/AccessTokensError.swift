/// Everything that is wrong with a list of access tokens.
package struct AccessTokensError: Error, CustomStringConvertible {
    package let problems: [String]

    package var description: String { problems.joined(separator: "; ") }
}
