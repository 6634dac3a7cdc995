package storetest

import "testing"

// Run tests all that a store has to do.
func Run(t *testing.T, empty Empty) {
	runAll(t, empty, []test{
		{"RoundTrip", testRoundTrip},
		{"Little", testLittle},
		{"HostileTexts", testHostileTexts},
		{"NoText", testNoText},
		{"Names", testNames},
		{"LongNames", testLongNames},
		{"Update", testUpdate},
		{"SetStates", testSetStates},
		{"Erase", testErase},
		{"Rename", testRename},
		{"List", testList},
		{"ListBounds", testListBounds},
		{"Revisions", testRevisions},
		{"Jobs", testJobs},
		{"Exclusion", testExclusion},
		{"Claim", testClaim},
		{"JobLimit", testJobLimit},
		{"Log", testLog},
		{"Grants", testGrants},
		{"Viewers", testViewers},
		{"Thumbnail", testThumbnail},
		{"Leader", testLeader},
		{"OneJobWins", testOneJobWins},
		{"ViewersTogether", testViewersTogether},
		{"OneClaims", testOneClaims},
		{"UpdatesTogether", testUpdatesTogether},
		{"CreateTogether", testCreateTogether},
		{"RevisionsTogether", testRevisionsTogether},
		{"Muddle", testMuddle},
		{"GivenUp", testGivenUp},
		{"OlderVersion", testOlderVersion},
		{"NewerVersion", testNewerVersion},
		{"BrokenMigration", testBrokenMigration},
	})
	for name, run := range map[string]func(*testing.T, string){
		"EmptyTogether": testEmptyTogether,
		"OthersTables":  testOthersTables,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, empty(t))
		})
	}
}

// Security tests what others must not see or change.
func Security(t *testing.T, empty Empty) {
	runAll(t, empty, []test{{"Access", testAccess}})
}
