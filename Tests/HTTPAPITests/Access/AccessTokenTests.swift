import Testing
import Trading

@testable import HTTPAPI

@Suite("Access tokens")
struct AccessTokenTests {
    @Test("a token that was made is known by its entry, and by nothing else")
    func making() throws {
        let day = try #require(CalendarDay("2027-01-31"))
        let (token, entry) = AccessToken.make(name: "alice", role: .trader, expires: day)
        let known = try AccessToken(entry: entry[...])
        #expect(known.name == "alice" && known.role == .trader && known.expires == day.start)
        #expect(known.isOf(AccessToken.hash(of: token)))
        #expect(!known.isOf(AccessToken.hash(of: token + " ")))
        #expect(!entry.contains(token.dropFirst("tenure_".count)))
        let (other, _) = AccessToken.make(name: "alice", role: .trader, expires: day)
        #expect(other != token && !known.isOf(AccessToken.hash(of: other)))
    }

    @Test("the hash is SHA-256, so that other tools can make entries")
    func hash() throws {
        // FIPS 180-2, appendix B.1.
        let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(try AccessToken(entry: "a:viewer:\(hash)"[...]).isOf(AccessToken.hash(of: "abc")))
        #expect(try AccessToken(entry: "a:viewer:\(hash.uppercased())"[...]).isOf(AccessToken.hash(of: "abc")))
    }

    @Test("lists are read from a setting or a file, with comments")
    func lists() throws {
        let entries = (1...4).map { AccessToken.make(name: "user-\($0)", role: .viewer, expires: nil).entry }
        let text =
            "# who may look\n\(entries[0]), \(entries[1])\n\n  # away: nobody:admin:00\n\(entries[2]) \(entries[3])\r\n"
        #expect(try AccessTokens(text).tokens.map(\.name) == ["user-1", "user-2", "user-3", "user-4"])
    }

    @Test(
        "what is wrong with an entry is said, and the entry is not repeated",
        arguments: [
            ("tenure_5d41402abc4b2a76b9719d911017c592", "NAME:ROLE:HASH"), ("::", "name"),
            ("a b:viewer:00", "NAME:ROLE:HASH"),
            ("a:root:00", "role"), ("a:viewer:00", "hash"), ("a:viewer:" + String(repeating: "g", count: 64), "hash"),
            ("a:viewer:" + String(repeating: "0", count: 64) + ":2027-02-30", "day"),
            ("a:viewer:" + String(repeating: "0", count: 64) + ":2027-01-01:x", "NAME:ROLE:HASH"),
            ("# only a comment", "no token"), ("", "no token"),
        ]
    )
    func wrong(text: String, problem: String) throws {
        let error = try #require(throws: AccessTokensError.self) { try AccessTokens(text) }
        #expect(error.description.contains(problem))
        for part in text.split(separator: ":") where part.count > 8 && !part.hasPrefix("#") {
            #expect(!error.description.contains(part))
        }
    }

    @Test("the same token twice is a mistake")
    func twice() throws {
        let entry = AccessToken.make(name: "a", role: .viewer, expires: nil).entry
        #expect(throws: AccessTokensError.self) { try AccessTokens("\(entry)\n\(entry)") }
    }
}
