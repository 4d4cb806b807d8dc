# tusker_room(NAME <a/b> SOURCES ... [LINKS rooms or libraries...] [PRIVATE_LINKS ...] [TESTS ...] [TEST_LINKS ...])
#
# One static library tusker_a_b for the room src/a/b, and one test program tusker_a_b_test.
# LINKS names rooms by their target (tusker_base); a room that is not linked cannot be used.
function(tusker_room)
  cmake_parse_arguments(ROOM "" "NAME" "SOURCES;LINKS;PRIVATE_LINKS;TESTS;TEST_LINKS" ${ARGN})
  string(REPLACE "/" "_" target "tusker_${ROOM_NAME}")
  add_library(${target} STATIC ${ROOM_SOURCES})
  target_link_libraries(${target} PUBLIC tusker_options ${ROOM_LINKS} PRIVATE ${ROOM_PRIVATE_LINKS})
  if(TUSKER_TESTS AND ROOM_TESTS)
    add_executable(${target}_test ${ROOM_TESTS})
    target_link_libraries(${target}_test PRIVATE ${target} ${ROOM_PRIVATE_LINKS} ${ROOM_TEST_LINKS}
      GTest::gtest_main GTest::gmock ${TUSKER_RAPIDCHECK})
    add_test(NAME ${ROOM_NAME} COMMAND ${target}_test)
    set_tests_properties(${ROOM_NAME} PROPERTIES TIMEOUT 300)
  endif()
endfunction()
