import Crypto
import FoundationEssentials

/// What notifications are signed with, so that a receiver knows whom they are from: `whsec_` and base64, as in the Standard
/// Webhooks specification (https://www.standardwebhooks.com), for which there are libraries in most languages.
package struct WebhookSecret: Sendable {
    private static let prefix = "whsec_"
    /// What the specification asks for.
    private static let lengths = 24...64

    private let key: SymmetricKey

    /// Nil unless `text` is `whsec_` and the base64 of 24 to 64 bytes.
    package init?(_ text: String) {
        guard text.hasPrefix(Self.prefix), let bytes = Data(base64Encoded: String(text.dropFirst(Self.prefix.count))),
            Self.lengths.contains(bytes.count)
        else { return nil }
        key = SymmetricKey(data: bytes)
    }

    /// The value of `webhook-signature`: the version of the scheme, and the HMAC SHA-256 of id, moment and body.
    func signature(id: String, seconds: Int64, body: String) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: Array("\(id).\(seconds).\(body)".utf8), using: key)
        return "v1,\(Data(code).base64EncodedString())"
    }
}
