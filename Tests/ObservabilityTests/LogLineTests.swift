import Foundation
import Logging
import Testing

@testable import Observability

@Suite("Log lines", .timeLimit(.minutes(5)))
struct LogLineTests {
    private func line(
        _ format: LogFormat,
        _ message: Logger.Message,
        _ metadata: Logger.Metadata = [:],
        bound: Logger.Metadata = [:],
        error: (any Error)? = nil
    ) -> String {
        var handler = LineLogHandler(label: "tenure", format: format, level: .info, output: .standardOutput)
        handler.metadata = bound
        let event = LogEvent(
            level: .info,
            message: message,
            error: error,
            metadata: metadata,
            source: nil,
            file: #fileID,
            function: #function,
            line: #line
        )
        return handler.line(of: event, at: "2025-04-01T12:00:00.123Z")
    }

    private func object(_ line: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }

    @Test("text is time, level, message, and metadata sorted by key")
    func text() {
        #expect(
            line(
                .text,
                "Saved strategy: BTCUSDT (scalp)",
                ["strategy.id": "7", "epoch": "\(3)"],
                bound: ["replica": "a"]
            )
                == "2025-04-01T12:00:00.123Z INFO Saved strategy: BTCUSDT (scalp) epoch=3 replica=a strategy.id=7"
        )
    }

    @Test("metadata of the event goes before metadata that is bound")
    func precedence() {
        #expect(line(.text, "m", ["k": "event"], bound: ["k": "bound"]).hasSuffix(" k=event"))
    }

    @Test(
        "a value that could be misread is quoted",
        arguments: [
            ("", #""""#), ("a b", #""a b""#), ("a=b", #""a=b""#), (#"say "hi""#, #""say \"hi\"""#),
            (#"back\slash"#, #""back\\slash""#), ("plain:value/1.5", "plain:value/1.5"), ("✓", "✓"),
        ]
    )
    func quoting(value: String, expected: String) {
        #expect(line(.text, "m", ["k": "\(value)"]).hasSuffix(" k=\(expected)"))
    }

    @Test(
        "a line is one line, whatever it holds",
        arguments: ["a\nb", "a\r\nb", "a\u{2028}b", "a\u{2029}b", "a\u{85}b", "a\u{0}b", "a\u{1B}[31mb", "a\u{B}b"],
        [LogFormat.text, .json]
    )
    func oneLine(value: String, format: LogFormat) throws {
        let line = line(format, "\(value)", ["k\n": "\(value)", "list": ["\(value)"], "map": ["\(value)": "\(value)"]])
        let control = line.unicodeScalars.filter {
            $0.value < 0x20 || (0x7F...0x9F).contains($0.value) || $0.value == 0x2028 || $0.value == 0x2029
        }
        #expect(control.isEmpty)
        guard format == .json else { return }
        let object = try object(line)
        #expect(object["message"] as? String == value)
        #expect(object["k\n"] as? String == value)
        #expect(object["list"] as? [String] == [value])
        #expect(object["map"] as? [String: String] == [value: value])
    }

    @Test("JSON has the same message, and metadata as fields, numbers as numbers")
    func json() throws {
        let line = line(
            .json,
            "Restoring 12 strategies",
            ["strategies": .stringConvertible(12), "ok": .stringConvertible(true), "took": .stringConvertible(0.5)]
        )
        #expect(line.hasPrefix(#"{"time":"2025-04-01T12:00:00.123Z","level":"info","logger":"tenure","message":"#))
        let object = try object(line)
        #expect(object["message"] as? String == "Restoring 12 strategies")
        #expect(object["strategies"] as? Int == 12)
        #expect(object["ok"] as? Bool == true)
        #expect(object["took"] as? Double == 0.5)
    }

    @Test("metadata cannot take the place of the line's own members")
    func ownMembers() throws {
        let object = try object(line(.json, "real", ["message": "fake", "level": "fake"]))
        #expect(object["message"] as? String == "real")
        #expect(object["metadata.message"] as? String == "fake")
    }

    @Test("an error is shown with its type")
    func error() {
        struct Broken: Error, CustomStringConvertible { let description = "it broke" }
        let line = line(.text, "m", error: Broken())
        #expect(line.contains(#"error.message="it broke""#))
        #expect(line.contains("error.type="))
    }

    @Test(
        "moments are UTC with milliseconds",
        arguments: [
            (0, 0, "1970-01-01T00:00:00.000Z"), (1_743_510_600, 7, "2025-04-01T12:30:00.007Z"),
            (1_709_251_199, 999, "2024-02-29T23:59:59.999Z"),
        ]
    )
    func clock(seconds: Int, milliseconds: Int, expected: String) {
        #expect(LogClock.text(seconds: seconds, milliseconds: milliseconds) == expected)
    }

    @Test("lines of many tasks do not mix, and lower levels are left out")
    func output() async throws {
        let pipe = Pipe()
        let output = LogOutput(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        let logger = Logger(label: "test") { LineLogHandler(label: $0, format: .text, level: .info, output: output) }
        let text = Task.detached { pipe.fileHandleForReading.readDataToEndOfFile() }
        await withTaskGroup { group in
            for task in 0..<8 {
                group.addTask {
                    for _ in 0..<200 {
                        logger.info("A line of a certain length", metadata: ["task": "\(task)"])
                        logger.debug("Not shown")
                    }
                }
            }
        }
        try pipe.fileHandleForWriting.close()
        let lines = String(decoding: await text.value, as: UTF8.self).split(separator: "\n")
        #expect(lines.count == 1_600)
        #expect(lines.allSatisfy { $0.contains(" INFO A line of a certain length task=") && $0.count < 80 })
    }
}
