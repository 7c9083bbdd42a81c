package dev.faas.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class OutputTest {

    @Test
    void aColumnIsAsWideAsItsWidestCell() {
        var captured = new CapturedTerminal("");
        new Table("NAME", "N").row("a", 100).row("longer", 2).print(captured.terminal().out());
        assertThat(captured.out()).isEqualTo("NAME    N\na       100\nlonger  2\n");
    }

    @Test
    void progressIsOneLineOnATerminal() {
        var captured = new CapturedTerminal("2");
        try (var progress = new ProgressLine(captured.terminal())) {
            progress.progress("layer 1", 0, 4);
            progress.progress("layer 1", 4, 4);
        }
        assertThat(captured.err()).doesNotContain("\n").contains("[########################] layer 1  4 of 4");
        assertThat(captured.out()).isEmpty();
    }

    @Test
    void progressNamesEachStepOnceElsewhere() {
        var captured = new CapturedTerminal("");
        try (var progress = new ProgressLine(captured.terminal())) {
            progress.progress("layer 1", 0, 4);
            progress.progress("layer 1", 4, 4);
            progress.progress("layer 2", 0, 0);
        }
        assertThat(captured.err()).isEqualTo("layer 1\nlayer 2\n");
    }

    @Test
    void progressShowsAmountsAsPeopleReadThem() {
        assertThat(ProgressLine.line("x", 52_428_800, 104_857_600)).endsWith("x  50.0 MiB of 100.0 MiB");
        assertThat(ProgressLine.line("x", 0, 0)).isEqualTo("x");
        assertThat(Amounts.bytes(512)).isEqualTo("512 B");
        assertThat(Amounts.bytes(1536)).isEqualTo("1.5 KiB");
        assertThat(Amounts.bytes(3L << 30)).isEqualTo("3.0 GiB");
    }
}
