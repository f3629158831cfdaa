import Testing
import Trading

@Suite("Days of the calendar")
struct CalendarDayTests {
    @Test(
        "a day begins at its midnight in UTC",
        arguments: [
            ("1970-01-01", 0), ("1970-01-02", 86_400_000), ("2000-02-29", 951_782_400_000),
            ("2026-11-22", 1_795_305_600_000),
            ("1969-12-31", -86_400_000), ("0001-01-01", -62_135_596_800_000), ("9999-12-31", 253_402_214_400_000),
        ] as [(String, Int64)]
    )
    func midnight(text: String, milliseconds: Int64) throws {
        let day = try #require(CalendarDay(text))
        #expect(day.start.milliseconds == milliseconds && "\(day)" == text)
    }

    @Test(
        "what is no day is none",
        arguments: [
            "2027-02-29", "2027-13-01", "2027-00-10", "2027-04-31", "2027-1-1", "27-01-01", "2027-01-01T", "+027-01-01",
            "", "today",
        ]
    )
    func wrong(text: String) {
        #expect(CalendarDay(text) == nil)
    }
}
