import HTTPTypes
import Hummingbird

/// How long the sender of a request wants to wait until what it asks for has happened: the header `Prefer` (RFC 7240) with
/// `respond-async` (not at all) or `wait=SECONDS` (no longer than so). What it says otherwise, or cannot be read, is ignored.
struct WaitPreference {
    private static let prefer = HTTPField.Name("Prefer")!
    private static let applied = HTTPField.Name("Preference-Applied")!

    /// Seconds; nil: as long as usual.
    private let seconds: Int64?
    private let heeded: String?

    init(_ request: Request) {
        var (isAsynchronous, seconds): (Bool, Int64?) = (false, nil)
        for preference in request.headers[values: Self.prefer].flatMap({ $0.split(separator: ",") }) {
            // Parameters of a preference follow a semicolon; these two have none.
            let words = preference.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1).map { word in
                word.filter { $0 != " " && $0 != "\t" && $0 != "\"" }.lowercased()
            }
            switch words.first {
            case "respond-async" where words.count == 1: isAsynchronous = true
            // Of several the first counts.
            case "wait" where words.count == 2 && seconds == nil && words[1].allSatisfy(\.isNumber):
                seconds = Int64(words[1]).flatMap { $0 <= 86_400 ? $0 : nil }
            default: break
            }
        }
        self.seconds = seconds ?? (isAsynchronous ? 0 : nil)
        heeded = seconds.map { "wait=\($0)" } ?? (isAsynchronous ? "respond-async" : nil)
    }

    /// - Parameter usual: How long an answer waits for whoever says nothing; nobody is waited for longer.
    func wait(usually usual: Duration) -> Duration { seconds.map { min(.seconds($0), usual) } ?? usual }

    /// What the answer says of it.
    var headers: HTTPFields { heeded.map { [Self.applied: $0] } ?? [:] }
}
