import Crypto
package import Trading

/// Somebody who may use the API, known by the SHA-256 of a token that is stored nowhere.
///
/// Written as `NAME:ROLE:HASH`, or `NAME:ROLE:HASH:YYYY-MM-DD` for one that is void from that day (UTC) on. A token has 256
/// random bits, so a plain hash of it can no more be turned round than guessed.
package struct AccessToken: Sendable, Equatable {
    /// How every token begins, so that one that leaked into a log or a repository is recognised.
    private static let prefix = "tenure_"
    private static let longestName = 64

    package let name: String
    package let role: AccessRole
    let hash: [UInt8]
    let expires: Timestamp?

    /// The token itself, to be shown once, and what is configured of it.
    ///
    /// - Parameter expires: The day from which on it is void.
    package static func make(
        name: String,
        role: AccessRole,
        expires: CalendarDay?
    ) -> (token: String, entry: String) {
        var random = SystemRandomNumberGenerator()
        let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        let token = prefix + bytes.hexadecimal
        let fields = [name, role.rawValue, hash(of: token).hexadecimal] + (expires.map { ["\($0)"] } ?? [])
        return (token, fields.joined(separator: ":"))
    }

    /// Reads one entry.
    ///
    /// - Throws: ``AccessTokenError``, which repeats nothing of the entry: it might be the token itself.
    init(entry: Substring) throws(AccessTokenError) {
        let fields = entry.split(separator: ":", omittingEmptySubsequences: false).map { String($0) }
        guard (3...4).contains(fields.count) else {
            throw AccessTokenError("is not NAME:ROLE:HASH, as `tenure token create` prints it")
        }
        guard Self.isName(fields[0]) else {
            throw AccessTokenError(
                "has a name that is not one to \(Self.longestName) letters, digits, dots, dashes and underscores"
            )
        }
        guard let role = AccessRole(rawValue: fields[1]) else {
            let roles = AccessRole.allCases.map(\.rawValue).joined(separator: ", ")
            throw AccessTokenError("has a role that is none of \(roles)")
        }
        guard let hash = [UInt8](hexadecimal: fields[2]), hash.count == SHA256.byteCount else {
            throw AccessTokenError("has a hash that is not the 64 hexadecimal digits of a SHA-256")
        }
        var expires: CalendarDay?
        if fields.count == 4 {
            expires = CalendarDay(fields[3])
            guard expires != nil else { throw AccessTokenError("has an end that is not a day like 2027-01-31") }
        }
        self.name = fields[0]
        self.role = role
        self.hash = hash
        self.expires = expires?.start
    }

    package static func isName(_ text: String) -> Bool {
        (1...longestName).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }

    static func hash(of token: String) -> [UInt8] { Array(SHA256.hash(data: Array(token.utf8))) }

    /// Compares in a time that says nothing about where the two differ.
    func isOf(_ hash: [UInt8]) -> Bool {
        guard hash.count == self.hash.count else { return false }
        return zip(hash, self.hash).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

extension [UInt8] {
    fileprivate var hexadecimal: String {
        map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    fileprivate init?(hexadecimal text: String) {
        let digits = text.utf8.map { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count.isMultiple(of: 2), digits.allSatisfy({ $0 != nil }) else { return nil }
        self = stride(from: 0, to: digits.count, by: 2).map { UInt8((digits[$0] ?? 0) << 4 | (digits[$0 + 1] ?? 0)) }
    }
}
