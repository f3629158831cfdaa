internal import CLibPQ

/// Reads libpq's errors and notices.
enum ServerMessage {
    static func fields(of result: OpaquePointer) -> PostgresError.ServerFields {
        // libpq's names for these are character macros, which Swift does not import.
        func field(_ code: Unicode.Scalar) -> String? {
            PQresultErrorField(result, Int32(code.value)).map { String(cString: $0) }
        }
        var fields = PostgresError.ServerFields()
        fields.severity = field("V") ?? field("S")
        fields.sqlState = field("C")
        fields.message = field("M") ?? PQresultErrorMessage(result).map { ConnectionMessage(String(cString: $0)).text }
        fields.detail = field("D")
        fields.hint = field("H")
        fields.context = field("W")
        fields.schema = field("s")
        fields.table = field("t")
        fields.constraint = field("n")
        fields.routine = field("R")
        return fields
    }
}

extension PostgresError {
    init(serverFields fields: ServerFields) {
        self.init(.server, fields.message ?? "The server reported an error without a message.", fields: fields)
    }

    /// After this the server hangs up.
    var isFatal: Bool {
        fields.severity == "FATAL" || fields.severity == "PANIC"
    }
}

/// What libpq says about a connection, with the SQLSTATE where the server gave one. (There is no field for it: libpq's
/// verbose form, `FATAL:  28P01: password …`, is the only way to learn it.)
struct ConnectionMessage {
    let text: String
    let sqlState: String?

    init(_ message: String) {
        var sqlState: String?
        var lines: [String] = []
        for line in message.split(separator: "\n") where !line.hasPrefix("LOCATION:") {
            var words = line.split(separator: " ", omittingEmptySubsequences: false)
            if let position = words.firstIndex(where: Self.isState) {
                sqlState = String(words[position].dropLast())
                words.remove(at: position)
            }
            lines.append(words.joined(separator: " "))
        }
        text = Self.oneLine(lines)
        self.sqlState = sqlState
    }

    /// libpq breaks its sentences into lines, of which all but the first begin with a tab.
    private static func oneLine(_ lines: [String]) -> String {
        lines.reduce(into: "") { text, line in
            let words = line.drop { $0 == "\t" || $0 == " " }
            if text.isEmpty {
                text += words
            } else if !line.hasPrefix("\t") {
                text += "; " + words
            } else if words.first?.isUppercase ?? false, text.last?.isPunctuation != true {
                text += ". " + words
            } else {
                text += " " + words
            }
        }
    }

    private static func isState(_ word: Substring) -> Bool {
        word.utf8.count == 6 && word.last == ":"
            && word.dropLast().utf8.allSatisfy {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0)
            }
            && word.dropLast().utf8.contains { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}
