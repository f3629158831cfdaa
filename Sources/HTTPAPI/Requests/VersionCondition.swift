import HTTPTypes
import Hummingbird

/// Which version of a strategy a change was made for: the header `If-Match` (RFC 9110, section 13.1.1).
struct VersionCondition {
    private static let header = HTTPField.Name("If-Match")!

    /// As it was sent; nil: any version.
    let text: String?
    private let versions: Set<Int64>?

    /// - Throws: ``Problem`` (400) if it cannot be read.
    init(_ request: Request) throws {
        guard let text = request.headers[Self.header] else {
            self.text = nil
            versions = nil
            return
        }
        self.text = text
        let tags = text.split(separator: ",", omittingEmptySubsequences: false)
            .map { $0.drop { $0 == " " || $0 == "\t" } }
            .map { tag in String(tag.reversed().drop { $0 == " " || $0 == "\t" }.reversed()) }
        if tags == ["*"] {
            versions = nil
            return
        }
        var versions: Set<Int64> = []
        for tag in tags {
            guard tag.count > 2, tag.hasPrefix("\""), tag.hasSuffix("\""),
                let version = Int64(tag.dropFirst().dropLast())
            else { throw Problem.invalidCondition }
            versions.insert(version)
        }
        self.versions = versions
    }

    func holds(for version: Int64) -> Bool { versions?.contains(version) ?? true }
}
