import Foundation
import TestSupport
import Testing
import Trading

struct TimestampTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"), (1, "1970-01-01T00:00:00.001Z"),
            (1_743_510_600_000, "2025-04-01T12:30:00.000Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"), (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
            (-2_203_891_200_000, "1900-03-01T00:00:00.000Z"), (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"), (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"),
        ] as [(Int64, String)]
    )
    func `well-known moments have their text`(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).description == text)
    }

    @Test func `every day from 1600 to 2400 has the date that counting days gives`() {
        let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        func isLeap(_ year: Int) -> Bool { (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 }
        // 1600-01-01 lies 135,140 days before 1970-01-01: 370 years with 90 leap days.
        var days: Int64 = -(370 * 365 + 90)
        var wrong: [String] = []
        for year in 1600...2400 {
            for month in 1...12 {
                let length = lengths[month - 1] + (month == 2 && isLeap(year) ? 1 : 0)
                // The days in the middle of a month cannot go wrong if its first and last two are right.
                for day in 1...length {
                    if day <= 2 || day >= length - 1 {
                        let text = Timestamp(milliseconds: days * 86_400_000).description
                        let expected =
                            "\(year)-\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day)T00:00:00.000Z"
                        if text != expected { wrong.append("\(text) instead of \(expected)") }
                    }
                    days += 1
                }
            }
        }
        #expect(wrong.isEmpty)
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `random moments have the text that Foundation gives them`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        for _ in 0..<200 {
            // 1700 to 2286; whole seconds, because Foundation counts them as doubles.
            let seconds = Int64.random(in: -8_520_336_000...9_999_999_999, using: &random)
            let moment = Timestamp(milliseconds: seconds * 1_000)
            #expect(moment.description == Date(timeIntervalSince1970: Double(seconds)).formatted(style))
        }
    }

    @Test func `moments are added, compared and written as milliseconds`() throws {
        let moment = Timestamp(milliseconds: 1_000)
        #expect((moment + 500).milliseconds == 1_500)
        #expect((moment - 1_500).milliseconds == -500)
        #expect((moment + 500).since(moment) == 500)
        #expect(moment < moment + 1)
        #expect(String(decoding: try JSONEncoder().encode([moment]), as: UTF8.self) == "[1000]")
        #expect(try JSONDecoder().decode([Timestamp].self, from: Data("[-5]".utf8)) == [Timestamp(milliseconds: -5)])
    }
}
